function a() {
if (b) {
}
