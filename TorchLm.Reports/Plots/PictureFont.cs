using ScottPlot;
using SkiaSharp;

namespace TorchLm.Reports.Plots;

/// <summary>The words on pictures.</summary>
public static class PictureFont
{
    private static readonly string[] s_fonts = ["Inter", "Segoe UI", "Helvetica Neue", "Noto Sans", "DejaVu Sans", "Liberation Sans", "Arial"];

    /// <summary>Why pictures would lack their words; null where they do not.</summary>
    public static string? Missing() => SKFontManager.Default.FontFamilyCount > 0 ? null
        : "no font is installed, so that the pictures have no words; install one (on Debian and Ubuntu: apt-get install fonts-dejavu-core)";

    /// <summary>Makes the best of the installed fonts that of all pictures.</summary>
    public static void Choose()
    {
        string[] there = [.. SKFontManager.Default.FontFamilies];
        if (s_fonts.FirstOrDefault(there.Contains) is { } font) Fonts.Default = font;
    }
}
