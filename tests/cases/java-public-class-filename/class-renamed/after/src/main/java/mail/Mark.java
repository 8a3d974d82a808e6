package mail;

public class Mark {
    private final int cents;

    public Mark(int cents) {
        this.cents = cents;
    }
}
