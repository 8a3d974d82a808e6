package ui;

public class List {
}
