package org.acme;

import org.acme.model.Parcel;
import org.junit.jupiter.api.Test;

class ParcelTest {
    @Test
    void goes() {
        new Parcel("x");
    }
}
