package mail;

import java.util.List;

class Lid {
    int Size;
}
