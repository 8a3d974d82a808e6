mod shelf {
    // Kept for later.
    #[rustfmt::skip]
    use std::rc::Rc;

    pub fn size() -> usize {
        7
    }
}

fn main() {
    println!("{}", shelf::size());
}
