class Use {
    print it;
}
