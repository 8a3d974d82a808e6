package mail;

class Other {
    Mark mark;
}
