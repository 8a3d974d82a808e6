fn main() {
    let a = 1 // one
    let b = a + 1;
    println!("{}", a + b)
    return
}
