fn spare() {}

fn main() {}
