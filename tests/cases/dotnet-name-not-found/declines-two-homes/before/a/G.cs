namespace A;
public class Gadget { }
