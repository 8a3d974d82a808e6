int lamp(int x) {
<<<<<<< HEAD
  return x + 1;
=======
  return x + 2;
>>>>>>> other
}
