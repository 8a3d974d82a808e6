package org.acme.model;

/** A parcel. */
public record Parcel(String to) {
}
