fn main() {
    let now = Instant::now();
    println!("{:?}", now.elapsed());
}
