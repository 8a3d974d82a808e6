class  Lid {}
