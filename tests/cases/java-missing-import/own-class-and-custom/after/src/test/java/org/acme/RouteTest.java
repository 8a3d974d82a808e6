package org.acme;

import org.junit.jupiter.api.Test;

class RouteTest {
    @Test
    void goes() {
    }
}
