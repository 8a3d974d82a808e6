export const version = 'v1.9.3';
