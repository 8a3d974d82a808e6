package mail;

class Count {
    int count = 3; // cents

    int twice() {
        String text = "a // b";
        return text.length()
            + count * 2;
    }
}
