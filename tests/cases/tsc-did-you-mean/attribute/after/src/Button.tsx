import React from 'react';

const b = <button onClick={() => {}}>Don't</button>;
