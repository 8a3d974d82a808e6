package mail;

class Count {
    int count = 3
}
