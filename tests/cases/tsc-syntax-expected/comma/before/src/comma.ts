export const sizes = {
  small: 1, // one
  middle: 'two (2' // not the last
  large: 3,
};
