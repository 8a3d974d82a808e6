class Use {
    Frobnicator it;
}
