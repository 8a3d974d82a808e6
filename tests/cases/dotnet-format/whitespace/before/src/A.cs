class A{ }
