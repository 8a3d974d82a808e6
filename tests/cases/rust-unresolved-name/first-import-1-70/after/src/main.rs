use std::time::Instant;

fn main() {
    let now = Instant::now();
    println!("{:?}", now.elapsed());
}
