fn f(v: &[u8]) -> bool {
    return v.len() == 0;
}

fn main() {
    println!("{}", f(&[1]));
}
