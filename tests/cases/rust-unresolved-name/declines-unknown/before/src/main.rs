fn main() {
    println!("{}", start_engine());
}
