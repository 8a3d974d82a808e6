class Box
