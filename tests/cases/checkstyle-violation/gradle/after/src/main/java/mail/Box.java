package mail;

import java.util.Map;
import java.util.Set;

public class Box {
    private static final long SIZE = 0x10L;
    private Map<String, Set<String>> all;

    public int size(final int a) {
        if (a == 1) {
            return foo(a);
        }
        return a;
    }

    public interface Lid {
        void close(String how);
    }
}
