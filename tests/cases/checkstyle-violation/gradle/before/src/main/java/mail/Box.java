package mail;

import java.util.List;

import java.util.Map;
import java.util.Set;

public class Box {
    private static final long SIZE = 0x10l;
    private Map<String,Set<String>> all;

      public int size(int a){
        if(a==1) {
            return foo( a);
        }
        return a ;   
    }

    public interface Lid {
        public void close(String how);
    }
}