using FsCheck;
using FsCheck.Fluent;

namespace TorchLm.Tests.Support;

/// <summary>Something that must hold for whatever FsCheck thinks of; a failure shows the case and the seed.</summary>
internal static class PropertyCheck
{
    public static void Holds<T>(Gen<T> cases, Action<T> check, int count = 200) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(count), Prop.ForAll(cases.ToArbitrary(), check));
}
