package mail;

public class Stamp {
    private final int cents;

    public Stamp(int cents) {
        this.cents = cents;
    }
}
