#pragma once
int  top();
