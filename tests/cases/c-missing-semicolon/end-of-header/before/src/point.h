#pragma once
struct point {
    int x;
} /* no y */
