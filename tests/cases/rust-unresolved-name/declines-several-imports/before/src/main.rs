fn main() {
    let out: Result<(), Error> = Ok(());
    println!("{:?}", out.is_ok());
}
