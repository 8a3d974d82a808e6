import React from 'react';

const b = <button onclick={() => {}}>Don't</button>;
