package org.acme;

class ParcelTest {
    @Test
    void goes() {
        new Parcel("x");
    }
}
