int a; 
int b; 


