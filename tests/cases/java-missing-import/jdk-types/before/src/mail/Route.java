package mail;

import java.io.IOException;
import java.util.Collection;

import org.slf4j.Logger;

public class Route {
    private final List<String> stops = new ArrayList<>();

    void load(Path file) throws IOException {
        stops.addAll(Files.readAllLines(file));
    }
}
