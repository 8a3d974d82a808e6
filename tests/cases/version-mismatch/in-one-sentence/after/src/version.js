export const version = 'v1.10.0';
