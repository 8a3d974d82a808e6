mod shelf {
    // Kept for later.

    pub fn size() -> usize {
        7
    }
}

fn main() {
    println!("{}", shelf::size());
}
