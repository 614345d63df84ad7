using System.Text;
using System.Text.Json;

namespace TorchLm.Tests.Support;

/// <summary>
/// Damage to JSON that leaves it JSON, mostly, so that what reads the values meets it and not the parser: values of another type or size, names that lead
/// elsewhere, fields that are missing or stand twice.
/// </summary>
internal static class JsonMutation
{
    private static readonly string[] s_values =
    [
        "0", "-1", "1", "-0", "2147483647", "2147483648", "-2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "18446744073709551615", "1e308", "1e-308", "1e999", "-1e999", "0.5", "NaN", new string('9', 400), "null", "true", "false", "\"\"", "[]", "{}", "[null]", "[[]]",
        "[{}]", "{\"\":null}", "\"../x\"", "\"/etc/passwd\"", "\"..\"", "\".\"", "\"C:\\\\x\"", "\"\\\\\\\\host\\\\x\"", "\"a\\u0000b\"", "\"\\ud800\"", "\"\\udc00\\ud800\"",
        "\"1\"", "\"NaN\"", "\"a\\nb\"", "\"\\u001b[2J\"", $"\"{new string('x', 5000)}\"", Nested(15), Nested(500), $"[{string.Join(',', Enumerable.Repeat("1", 300))}]",
    ];

    private static readonly string[] s_names =
        ["\"\"", "\"../x\"", "\"/etc/passwd\"", "\"\\ud800\"", "\"a\\u0000b\"", "\"it's\"", "\"a b.c\"", "\"__proto__\"", "\"$type\"", $"\"{new string('n', 5000)}\""];

    /// <summary>A place in the text: a value, or a field with its name.</summary>
    private readonly record struct Place(int Start, int End, bool IsField, bool IsElement);

    /// <summary>A copy of the file with one to three damages, half of the time one of <see cref="Mutation"/>'s besides.</summary>
    public static byte[] Of(byte[] file, int seed)
    {
        var random = new Random(seed);
        byte[] result = file;
        for (int i = random.Next(3); i >= 0; i--) result = Damage(result, random);
        return seed % 4 == 3 ? Mutation.Of(result, seed) : result;
    }

    private static byte[] Damage(byte[] file, Random random)
    {
        Place[] places = Places(file);
        if (places.Length == 0) return file;
        Place at = places[random.Next(places.Length)], other = places[random.Next(places.Length)];
        string text = Encoding.UTF8.GetString(file, at.Start, at.End - at.Start);
        if (at.IsField)
        {
            int name = text.IndexOf("\":", StringComparison.Ordinal) + 1;
            return random.Next(4) switch
            {
                0 => Drop(file, at),
                1 => Replace(file, at, $"{text},{text}"),
                2 => Replace(file, at, $"{s_names[random.Next(s_names.Length)]}{text[name..]}"),
                _ => Replace(file, at, $"{text},{s_names[random.Next(s_names.Length)]}:{s_values[random.Next(s_values.Length)]}"),
            };
        }
        return random.Next(4) switch
        {
            0 when at.IsElement => Drop(file, at),
            1 when at.IsElement => Replace(file, at, $"{text},{text}"),
            2 when !other.IsField => Replace(file, at, Encoding.UTF8.GetString(file, other.Start, other.End - other.Start)),
            _ => Replace(file, at, s_values[random.Next(s_values.Length)]),
        };
    }

    private static byte[] Replace(byte[] file, Place at, string by) => [.. file[..at.Start], .. Encoding.UTF8.GetBytes(by), .. file[at.End..]];

    /// <summary>Without the field or the element, and without the comma before or after it.</summary>
    private static byte[] Drop(byte[] file, Place at)
    {
        int start = at.Start, end = at.End;
        while (end < file.Length && file[end] <= ' ') end++;
        if (end < file.Length && file[end] == ',') return [.. file[..start], .. file[(end + 1)..]];
        while (start > 0 && file[start - 1] <= ' ') start--;
        return [.. file[..(start > 0 && file[start - 1] == ',' ? start - 1 : start)], .. file[end..]];
    }

    /// <summary>Every value and every field of the text; none where it is no JSON any more.</summary>
    private static Place[] Places(byte[] file)
    {
        var places = new List<Place>();
        var open = new Stack<(int Start, int Name, bool InArray)>();
        int name = -1;
        bool inArray = false;
        var reader = new Utf8JsonReader(file, new JsonReaderOptions { MaxDepth = 2000 });
        try
        {
            while (reader.Read())
            {
                int start = (int)reader.TokenStartIndex;
                switch (reader.TokenType)
                {
                    case JsonTokenType.PropertyName:
                        name = start;
                        continue;
                    case JsonTokenType.StartObject or JsonTokenType.StartArray:
                        open.Push((start, name, inArray));
                        (name, inArray) = (-1, reader.TokenType == JsonTokenType.StartArray);
                        continue;
                    case JsonTokenType.EndObject or JsonTokenType.EndArray:
                        (start, name, inArray) = open.Pop();
                        break;
                }
                int end = (int)reader.BytesConsumed;
                places.Add(new Place(start, end, false, inArray));
                if (name >= 0) places.Add(new Place(name, end, true, false));
                name = -1;
            }
        }
        catch (JsonException)
        {
            return []; // damaged enough
        }
        return [.. places];
    }

    private static string Nested(int depth) => new string('[', depth) + new string(']', depth);
}
