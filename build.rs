//! The files embedded in the binary are read at compile time: rebuild when one changes.
fn main() {
    println!("cargo:rerun-if-changed=cds-hooks");
    println!("cargo:rerun-if-changed=fixtures/patients");
    println!("cargo:rerun-if-changed=src/store/migrations");
}
