using FsCheck;
using FsCheck.Fluent;

namespace TorchLm.Tests.Support;

/// <summary>What several properties are checked for.</summary>
internal static class Generators
{
    /// <summary>Arrays of up to <paramref name="most"/> values.</summary>
    public static Gen<T[]> UpTo<T>(this Gen<T> values, int most) => Gen.Choose(0, most).SelectMany(count => values.ArrayOf(count));

    /// <summary>Numbers from <paramref name="low"/> to <paramref name="high"/>, anywhere or next to an end.</summary>
    public static Gen<int> Numbers(int low, int high) =>
        Gen.OneOf(Gen.Choose(low, high), Gen.Choose(low, (int)Math.Min(high, low + 10L)), Gen.Choose((int)Math.Max(low, high - 10L), high));

    /// <summary>Texts of up to <paramref name="most"/> characters from the whole of Unicode, controls and non-characters included, but no halves of surrogate pairs.</summary>
    public static Gen<string> Texts(int most) => Gen.OneOf(Gen.Choose(0x20, 0x7e), Gen.Choose(0, 0x2fff), Gen.Choose(0xe000, 0xffff), Gen.Choose(0x10000, 0x10ffff))
        .UpTo(most).Select(points => string.Concat(points.Select(char.ConvertFromUtf32)));
}
