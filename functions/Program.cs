using QMoi.Functions.Commands;

return await CommandLine.RunAsync(args);
