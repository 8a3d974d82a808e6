class Use {
    List it;
}
