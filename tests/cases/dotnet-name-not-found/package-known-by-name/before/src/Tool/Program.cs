using Newtonsoft.Json;

System.Console.WriteLine(JsonConvert.SerializeObject(args));
