describe('a', () => {});
