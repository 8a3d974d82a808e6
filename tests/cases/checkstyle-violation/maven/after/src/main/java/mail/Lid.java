package mail;

class Lid {
    int size;
}
