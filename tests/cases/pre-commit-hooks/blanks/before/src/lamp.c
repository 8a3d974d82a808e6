int a; 
int b;	


