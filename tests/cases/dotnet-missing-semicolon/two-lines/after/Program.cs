var total = 0;
foreach (var word in args)
    total += word.Length; // letters
System.Console.WriteLine($"{total} letters");
