 	int a;
