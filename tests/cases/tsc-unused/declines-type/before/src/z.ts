type Row = {
  a: string;
};
