fn total(values: &[u32]) -> u32 {
    let length = values.len() as u32;
    values.iter().sum::<u32>() / lenght
}

fn main() {
    println!("{}", totall(&[1, 2]));
}
