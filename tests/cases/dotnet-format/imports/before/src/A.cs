using B;
using A;
class A{ }
