int a; 
  int b;
