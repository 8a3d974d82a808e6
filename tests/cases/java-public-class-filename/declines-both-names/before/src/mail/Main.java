package mail;

public class Main {
    public static void main(String[] args) {
        System.out.println(new Stamp(85));
    }
}
