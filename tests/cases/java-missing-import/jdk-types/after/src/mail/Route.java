package mail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

import org.slf4j.Logger;

public class Route {
    private final List<String> stops = new ArrayList<>();

    void load(Path file) throws IOException {
        stops.addAll(Files.readAllLines(file));
    }
}
