namespace B;
public class Gadget { }
